"""The quality models that ship with sluice, and the rules on them."""

import pickle
from pathlib import Path

import pytest

from sluice.core.config.extract import ExtractConfig
from sluice.core.errors import ConfigError
from sluice.text.pages.lists import PageLists
from sluice.text.quality import score
from sluice.text.quality.score import BUILTIN, SHIPPED, QualityModel
from sluice.text.rules.examples import prose
from sluice.text.rules.rule import load_rules

MENU = (
    "Home\nAbout Us\nContact\nPrivacy Policy\nTerms of Use\nLog in\nSign up\nSearch\nMenu\nSkip to main content\n"
    "Follow us\nFacebook\nTwitter\nInstagram\nYouTube\nSubscribe\nNewsletter\nCareers\n"
    "Advertise\nSitemap\nCookie settings"
)
SPAM = (
    "澳门新葡京娱乐城官网注册送彩金，真人百家乐在线开户，六合彩开奖结果，时时彩平台代理，老虎机游戏下载，博彩论坛导航"
)
TRADITIONAL_SPAM = (
    "澳門新葡京娛樂城官網註冊送彩金，真人百家樂在線開戶，六合彩開獎結果，時時彩平臺代理，老虎機遊戲下載，博彩論壇導航"
)
RECIPE = (
    "Melt the butter in a large pan and cook the onions until they are soft. Add the flour, stir for two minutes, then "
    "pour in the milk a little at a time. When the sauce has thickened, season it and fold in the grated cheese."
)
POST = (
    "我上个月买了这台洗衣机，用了三周，洗得很干净，就是脱水的时候声音有点大。客服说要把四个脚调平，我照着说明书调了一下，"
    "果然好多了。如果你家地面不平，建议先买一块防震垫。"
)


def limit(language):
    """The lowest score that the default preset of a language keeps."""
    (rule,) = (rule for rule in load_rules([f"{language}-default"]) if rule.signal == "quality_score")
    return rule.min


@pytest.mark.parametrize(("language", "text"), [("en", MENU), ("zh", SPAM), ("zh", TRADITIONAL_SPAM)])
def test_a_shipped_model_and_the_default_rule_drop_typical_bad_text(language, text):
    assert QualityModel.of(BUILTIN, language).score(text, language) < limit(language)


@pytest.mark.parametrize(("language", "text"), [("en", RECIPE), ("zh", POST), ("en", None), ("zh", None)])
def test_a_shipped_model_scores_prose_above_one_half(language, text):
    assert QualityModel.of(BUILTIN, language).score(text or prose(language), language) > 0.5


@pytest.mark.parametrize("language", ["yue", "lzh"])
def test_cantonese_and_classical_chinese_have_no_score(language):
    assert QualityModel.of(BUILTIN, "zh").score(prose(language), language) is None


@pytest.mark.parametrize("language", SHIPPED)
def test_a_shipped_model_is_pickled_by_name_and_at_most_two_megabytes(language):
    model = QualityModel.of(BUILTIN, language)
    assert pickle.loads(pickle.dumps(model)).path == f"builtin:{language}"
    assert Path(model.file).stat().st_size < 2_000_000


def test_a_language_without_a_shipped_model_is_an_error():
    with pytest.raises(ConfigError, match=r"no model is built in for 'fr', only for en and zh\. Give the path"):
        QualityModel.of(BUILTIN, "fr")


@pytest.fixture
def fresh():
    """Empties the caches of records, which tests make stale."""
    score._record.cache_clear()
    score._load.cache_clear()
    yield
    score._record.cache_clear()
    score._load.cache_clear()


def test_a_shipped_model_of_another_version_is_an_error_with_a_remedy(monkeypatch, fresh):
    monkeypatch.setattr(score, "PREPARATION", "letters-9")
    with pytest.raises(ConfigError, match=r"prepares them as 'letters-9'.*or leave it out of extract\.quality_models"):
        PageLists.of(ExtractConfig())


def test_another_jieba_is_an_error_with_a_remedy(monkeypatch, fresh):
    monkeypatch.setattr(score, "jieba_version", lambda language: "0.99" if language == "zh" else None)
    with pytest.raises(ConfigError, match=r"0\.99 is installed.*or leave it out of extract\.quality_models"):
        PageLists.of(ExtractConfig())


def test_the_setting_replaces_the_shipped_models_as_a_whole():
    assert sorted(PageLists.of(ExtractConfig()).quality) == ["en", "zh"]
    assert sorted(PageLists.of(ExtractConfig(quality_models={"zh": BUILTIN})).quality) == ["zh"]
    lists = PageLists.of(ExtractConfig(quality_models={}))
    assert not lists.quality and "quality_score" not in lists.signals(RECIPE, "en")


def test_models_are_identified_by_content_not_by_path():
    found = PageLists.of(ExtractConfig()).identity()["quality_models"]
    assert {len(digest) for digest in found.values()} == {64}
