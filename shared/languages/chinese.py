"""Chinese: written without spaces, so that each character may be a word and a name has no edges of its own."""

from __future__ import annotations

from typing import Final

from shared.languages.language import CardWords, Language, Script, Topics, Wording

_WORDING = Wording(
    ("赛卓恩", "沐岚科技", "鼎蕴股份", "洛勉集团", "穗颐生物", "珞宸电子", "澜庭实业", "铎远控股", "岱翊", "汀禾能源"),
    "该公司",
    " 【免责声明】本文不构成投资建议。转载请注明来源。",
    ("【快讯】", "【公告精选】", "【本报讯】", "【财经早餐】", "【更新】", "北京5月12日电"),
    (
        "更多内容请关注本公众号。",
        "【责任编辑】编辑部",
        "市场有风险。投资需谨慎。",
        "图片来源 资料图。",
        "数据仅供参考。",
        "点击查看原文。",
    ),
)
_CARD = CardWords(
    intended="""
Scoring Chinese company news, news flashes and posts of stock forums, in aggregate, beside the English model
(`model.packs`). Not advice, and not for decisions about persons. A single answer is often wrong: use counts and
intervals.
""",
    weaknesses="""
- Posts of forums are noisy: identical posts carried different labels in the source.
- The sets of titles and of forum comments have no neutral class: on such texts it seldom answers neutral.
- Events were learnt from news flashes of 2022 and from risk events; dividends, listings, currencies, metals and stock
  commentary have no Chinese training texts and will hardly be answered.
- A company's own sentiment was learnt from titles about one company, and from negative news; two companies with
  opposite news in one sentence are not told apart reliably.
- Simplified characters; traditional ones are read, and were not trained on.
""",
)

# FinNL: subjects of a news flash, several a text, joined by "|" with the place (中国, 外国, 国际)
_SUBJECTS: Final = {
    "公司": "other_news",
    "大盘": "market_summary",
    "经济": "economic_data",
    "政治": "politics",
    "政策": "regulation",
    "能源": "commodities",
    "债券": "bonds",
    "新冠": "commentary",
}
_PLACES: Final = frozenset({"中国", "外国", "国际"})

# FinESE: risk events of listed companies; 其他 ("others") is left out
_RISKS: Final = {
    "信批违规": "investigation",
    "交易违规": "investigation",
    "产品违规": "investigation",
    "涉嫌非法集资": "investigation",
    "涉嫌违法": "investigation",
    "涉嫌传销": "investigation",
    "涉嫌欺诈": "investigation",
    "财务造假": "investigation",
    "投诉维权": "product_problem",
    "实控人股东变更": "stake",
    "重组失败": "acquisition",
    "不能履职": "executive_change",
    "高管负面": "executive_change",
    "失联跑路": "executive_change",
    "评级调整": "credit_rating",
    "业绩下滑": "earnings_miss",
    "资金账户风险": "debt",
    "资产负面": "debt",
    "提现困难": "debt",
    "歇业停业": "cutback",
    "公司股市异常": "trading_activity",
}

CHINESE: Final = Language(
    "zh",
    "Chinese",
    _WORDING,
    _CARD,
    topics={"zh_finnl_topics": Topics(_SUBJECTS, _PLACES), "zh_finese_events": Topics(_RISKS)},
    script=Script(
        characters=r"\u3400-\u9fff", foreign=r"\u3040-\u30ff", share=0.15
    ),  # kana is Japanese; the share is ingest's
)
