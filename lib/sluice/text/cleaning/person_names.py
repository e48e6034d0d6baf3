"""Chinese names of persons: a surname and one or two more characters.

Surnames by frequency in the mainland, Hong Kong and Taiwan, in both scripts. They cover more than 99 % of the people.
"""

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧肖蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭"
    "廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛闫段雷龙史陶贺黎顾毛郝龚邵万钱严覃武戚莫孔向汤常温康施文牛樊葛邢安齐易乔伍"
    "庞颜倪庄聂章鲁岳翟申殷詹欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉骆蓝路游辛靳欧管柴蒙鲍华喻"
    "祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬邰和仇栾"
    "隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀胥南班储原栗燕楚鄢扶窦谌奚宾楼晋鹿邸虞"
    "張劉陳楊黃趙吳孫馬鄭謝許鄧馮韓蕭葉蔣蘇呂盧鍾鐘譚範陸賈韋鄒閻閆龍賀顧龔邵萬錢嚴湯溫齊喬龐顏莊聶魯歐關蘭紀畢單塗駱藍遊"
    "華饒陽時農繆簡車項連蘆麥婁竇黨宮費衛應閔鄔邊欒榮叢鞏鄺談樂儲諶賓樓晉"
)
COMPOUND = frozenset(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 夏侯 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 长孙 長孫 司徒 令狐 端木 南宫"
    " 南宮 独孤 獨孤"
    " 轩辕 軒轅 宇文 澹台 公冶 闻人 赫连 呼延 西门 東郭 东郭 申屠 太史 钟离 鍾離".split()
)
NOT_GIVEN = frozenset(
    "先生 女士 小姐 经理 經理 老师 老師 主任 老板 老闆 总监 總監 总经 部长 校长 院长 医生 律师 师傅 同学 工程 店长"
    " 总裁 董事 会计 同志 阿姨 大姐 大哥".split()
)
"""Titles: 王经理 does not name a person."""
_LAST_TITLE = frozenset("总總姐哥工董生女姨叔伯爷")
"""Titles of one character after a surname: 王总."""


_NOT_NAMES = frozenset(
    (
        "项目 安全 文员 文化 管理 高级 常务 金融 车间 车队 方案 方式 时间 单位 成员 成功 全体 全部"
        " 全国 明细 平台 平安 何时 何处 余额 温馨 宣传 宗教 章程 支付 支部 水电 白天 谢谢 应用 应急"
        " 安装 安保 安排 商务 商业 计算 施工 万元 元月 华东 华南 华北 华中 江苏 广东 广西 黄金 金额"
        " 金牌 高中 高校 高等 方便 方法 和平 任何 任意 任务 程序 程度 向上 向下 向前 路上 路面 于是"
        " 于此 马上 关于 关键 包括 包装 单独 连接 连续 满意 明天 明确 时候 时尚 国家 水果 白色 红色"
        " 黄色 蓝色 江西 江南 湖南 湖北 云南 海南 陈列 严格 严重 冷静 冷冻 莫名 温度 盛大 席位 麻烦"
        " 计划 终端 纪录 纪念 左右 池塘 花园 毕业 钟表 经办 公关 公共 官方 官网 封面 路线"
    ).split()
)
"""Words that begin with a character that is also a surname."""


def is_name(text: str) -> bool:
    """Whether a text is a full Chinese name of two to four characters.

    >>> is_name("王小明"), is_name("欧阳建国"), is_name("王经理"), is_name("散发清香")
    (True, True, False, False)
    """
    given = text[2:] if text[:2] in COMPOUND else text[1:] if text[:1] in SURNAMES else ""
    is_title = given in NOT_GIVEN or given in _LAST_TITLE
    is_word = text[:2] in _NOT_NAMES and text[:2] not in COMPOUND
    return 1 <= len(given) <= 2 and not is_title and not is_word and all("\u4e00" <= c <= "\u9fff" for c in given)
