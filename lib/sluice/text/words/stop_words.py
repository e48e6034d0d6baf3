"""Stop words of the reference filters, and our list of function words."""

STOP_WORDS = {
    "en": frozenset("the be to of and that have with".split()),  # Gopher
    # FineWeb-2: cmn_Hani, yue_Hani, lzh_Hani
    "zh": frozenset("的 年 在 月 是 和 日 了 於 · 為 有 被 人 中 为 他 與 後 也 而 由".split()),
    "yue": frozenset(
        "嘅 係 年 喺 有 佢 月 個 咗 香港 一 同 呢 人 唔 都 到 號 國 啲 後 就 會 市 鎮 而 嚟 可以 由 嗰 做 為".split()
    ),
    "lzh": frozenset(
        "之 年 以 為 其 也 國 不 人 於 大 者 有 一 而 曰 王 中 子 日 月 軍 三 帝 所 至 事 學 自 二 與 時 州".split()
    ),
}
"""By language, as published. The list for `zh` contains a mark and date characters, so a list of dates passes."""

_ENGLISH = """
    a about after all also although am among an and any are as at be because been before being between both but by can
    could did do does during each either for from further had has have he her here him his how i if in into is it its
    just may me might more most must my neither no nor not of on only or other our out over own same shall she should
    so some such than that the their them then there these they this those through to too under until up upon us very
    was we were what when where whether which while who whom whose why will with within without would yet you your
"""

_CHINESE = """
    的 地 得 了 着/著 过/過 和 与/與 及 或 而 且 并/並 但 但是 因为/因為 所以 如果 虽然/雖然 在 于/於 从/從 由
    向 对/對 对于/對於 关于/關於 为/為 为了/為了 以 以及 被 把 将/將 让/讓 使 是 有 没有/沒有 不 也 都 就 还/還
    又 再 很 更 最 才 已 已经/已經 正在 会/會 能 可以 要 应/應 应该/應該 我 你 他 她 它 我们/我們 你们/你們
    他们/他們 自己 这/這 那 这个/這個 那个/那個 这些/這些 那些 其 其中 之 所 者 等 等等 什么/什麼 怎么/怎麼 如何
    谁/誰 哪 几/幾 个/個 一个/一個 一种/一種 中 上 下 里/裡/裏 后/後 前 时/時 时候/時候 人 吗/嗎 呢 吧 啊 则/則
    却/卻 只 只是 就是 不是 还是/還是 或者 而且 因此 由于/由於 通过/通過 根据/根據 按照 进行/進行 其他 各 每
    该/該 此 本
"""


def _forms(words: str) -> dict[str, int]:
    return {form: number for number, forms in enumerate(words.split()) for form in forms.split("/")}


FUNCTION_WORDS = {
    "en": _forms(" ".join(f"{word}/{word.capitalize()}" for word in _ENGLISH.split())),
    "zh": _forms(_CHINESE),
}
"""By language: each form with the number of its word, so that variants of a word count as one. As jieba splits them."""
