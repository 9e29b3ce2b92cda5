"""Words that say nothing about a paper's subject. Short lists of our own, folded."""

STOP_WORDS = frozenset(
    """
    a about above across after again against all along also although always am among an and any
    are around as at be because been before being below between both but by can cannot could d did
    do does doing done down due during each either else especially et etc even ever every few for
    from further get gets given had has have having he hence her here him his how however i ie eg
    if in including indeed instead into is it its itself just least less let like ll many may me
    might more moreover most much must my near neither no nor not now of off often on once one only
    onto or other others our ours out over own per perhaps please quite rather re s same she should
    since so some such t than that the their theirs them themselves then there thereby therefore
    these they this those though through throughout thus to together too toward towards two under
    until up upon us ve very via was we well were what when where whereas whether which while who
    whom whose why will with within without would yes yet you your yours am etc al
    interested interest interests interesting papers paper anything everything something
    без бы в во для до же за и из или к как который которые мы на над не но о об от по под при с со
    так также то тоже у через что это эти этот
    """.split()  # noqa: SIM905
)

# Every second abstract has them: they count a quarter, whatever a small history says.
COMMON_WORDS = frozenset(
    """
    able achieve achieved achieves achieving address allow allows analysis analyze apply applied
    approach approaches available based better called challenge challenges challenging compare
    compared comparison consider contribution current data demonstrate demonstrated demonstrates
    designed develop developed different effective effectively efficient enable enables
    enhance ensure evaluate evaluation existing experiment experimental experiments explore
    extensive find findings first framework general high https github improve improved improvement
    improvements improving introduce introduces investigate key known large leverage leverages
    leveraging limited main make method methods model models multiple need new novel number
    obtain outperform outperforms perform performance performing performs potential present
    presents previous problem problems process propose proposed proposes provide provides providing
    recent recently reduce remain remains require requires research result results
    several show shown shows significant significantly simple single specific studies
    study system systems task tasks technique techniques three two type types understand
    understanding use used useful uses using various way ways wide work works
    """.split()  # noqa: SIM905
)
