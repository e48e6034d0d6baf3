"""The functions of `import sluice`: for Python code without Spark."""
