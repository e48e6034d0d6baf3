"""Rows of a table with copies, and what deduplication removes of them."""

LAW = "第一条 为了规范网络数据处理活动，保障网络数据安全，促进网络数据依法合理有效利用，保护个人、组织的合法权益。"
TRADITIONAL = (
    "第一條 為了規範網絡數據處理活動，保障網絡數據安全，促進網絡數據依法合理有效利用，保護個人、組織的合法權益。"
)
FOX = "The quick brown fox jumps over the lazy dog while the slow red hen looks on from the roof of the old barn"
ROWS = [
    {"id": "en", "text": FOX, "lang": "en"},
    {"id": "en-copy", "text": FOX.upper()},
    {"id": "en-longer", "text": FOX + " today"},
    {"id": "zh", "text": LAW, "lang": "zh"},
    {"id": "zh-hant", "text": TRADITIONAL},
    {"id": "zh-longer", "text": LAW + "完"},
    {
        "id": "other",
        "text": "Something else that no one has ever written before in quite these words, I should think so",
    },
    {"id": "short", "text": "Short."},
    {"id": "short-copy", "text": "short."},
    {"id": "null", "text": None},
    {"id": "empty", "text": " \n"},
]
EXPECTED = {  # of copies in the key the smaller id is kept, of similar ones the longer
    ("en", "near", "en-longer"),
    ("en-copy", "exact", "en-longer"),
    ("zh", "near", "zh-longer"),
    ("zh-hant", "exact", "zh-longer"),
    ("short-copy", "exact", "short"),
}
