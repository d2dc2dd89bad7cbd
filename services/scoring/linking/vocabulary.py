"""The words by which linking tells a company from a word, a person or a place. Folded and in lower case."""

from __future__ import annotations

from typing import Final

from services.scoring.linking.lists import words

LEGAL_FORMS: Final = words("inc corp co plc ltd corporation company incorporated nv sa ag se spa kgaa oyj asa holdings")
# Right behind an everyday name
MARKET_NOUNS: Final = words(
    """
    shares stock ceo cfo earnings shareholders shareholder dividend bonds eps options investors calls puts chairman
    executives buyback ipo
    aktie aktien vorstand konzern actions azioni acciones acoes
    """
)
# Right behind a doubtful name; behind an everyday one where the text is of business besides
COMPANY_VERBS: Final = words(
    """
    price names named declares says said reports reported posts posted beats beat misses missed announces announced
    unveils unveiled launches launched raises raised cuts plans sues sued acquires acquired buys bought recalls
    recalled hires hired fires wins won files filed results guidance investors analysts profit profits sales revenue
    q1 q2 q3 q4 chief executive downgraded upgraded lays laid trims trimmed lifts lifted lowers lowered slashes
    slashed boosts boosted warns warned expects expected sees sells sold invests invested opens closes shuts halts
    halted delays delayed agrees agreed settles settled pays paid faces fined fights seeks sought offers offered
    signs signed partners teams adds added takes spins splits merges completes completed prices priced wants tests
    introduces debuts hebt senkt streicht warnt spurt ubernimmt tauscht spaltet bremst steigert profitiert erzielt
    schliesst kauft verkauft verliert erhalt legt gewinnt rechnet plant meldet erhoht verteuert drosselt will releve
    revoit decoit vend rachete rachate change lance supprime cede remporte ferme investit recule annonce vise
    pourrait gana vende lanza eleva bate recompra debuta supera subira invertira despedira reporta compra anuncia
    taglia alza lancia ferma presenta vince respinge cresce tem troca perde dispara fecha lista descobre backs
    explores considers appoints appointed taps promotes ousts replaces tops topped reaffirms reiterates updates
    issues withdraws suspends resumes ramps expands builds burns burned appeals denies admits pledges vows unit
    """
)
# Those that are no verbs: "Target price raised" is of no company
_NO_VERBS: Final = words(
    "price results guidance investors analysts profit profits sales revenue q1 q2 q3 q4 chief executive unit"
)
VERBS_OF_COMPANIES: Final = COMPANY_VERBS - _NO_VERBS
MOVES: Final = words(
    """
    rises rose falls fell drops dropped jumps jumped plunges plunged slides slid surges surged soars soared tumbles
    tumbled sinks sank gains gained climbs climbed slumps slumped rallies rallied dips dipped slips slipped advances
    declines declined rebounds rebounded spikes crashes crashed pops popped sheds shed loses lost skyrockets swings
    trades traded hits hit breaks up down
    """
)
# Behind "NAME to": Gap to close 75 shops
INFINITIVES: Final = words(
    """
    buy acquire sell cut close open raise pay launch hire lay report invest build shut spin split merge offer issue list
    recall settle return name appoint add expand post slash shed exit enter unveil supply
    """
)
BUSINESS: Final = words(
    """
    shares stock stocks share nasdaq nyse dow investors investor analyst analysts earnings revenue revenues profit
    profits quarter quarterly sales ceo cfo billion ipo acquisition merger acquire acquires stake upgrade downgrade
    upgraded downgraded bullish bearish calls puts traders trading rally selloff lawsuit antitrust guidance forecast
    outlook eps regulators shareholders shareholder dividend buyback valuation premarket bid board chairman upgrades
    downgrades deal patent supplier suppliers bonds executive startup products product company's market markets
    fined fine bond yield cash outperform overweight underweight layoffs jobs retailer automaker carmaker chipmaker
    takeover buyout spinoff prices pricing demand customers subscribers shoppers cruise cost costs loss losses
    margin margins debt loan loans fund funds tariff tariffs recall staff workers employees growth workforce plant
    plants factory contract contracts orders bookings subscription output refinery pipeline rivals rival maker giant
    firm firms bank banks subsidiary parent ads advertising cloud software chips iphone aktie aktien umsatz gewinn
    quartal ubernahme konzern vorstand milliarden millionen anleger borse dividende prognose kurs kursziel analysten
    actionnaires benefice trimestre resultats milliards bourse rachat titre acciones beneficio ventas ingresos bolsa
    dividendo ganancias accionistas utile ricavi miliardi borsa azioni lucro receita bilhoes acoes prejuizo mercado
    contrat usines dividendes previsions objectif emplois postes rachats hausse baisse chiffre ventes gewinnwarnung
    gewinnsprung gewinnprognose rekordgewinn umsatzwarnung auftragseingang nachfrage stellen stellenabbau ruckkauf
    ausblick grossauftrag jahresziele werke produktion sparte aktienruckkauf netzausbau investitionen empleados
    plantilla filial opa perdidas tarifas torres utili offerta quote commessa stabilimento dividendos lucros
    acionistas aandelen winst omzet kwartaal koers vinst omsattning aktier tulos osake
    """
)
# Right behind a name that is a word or a surname as well: they make a place or another thing of it
PLACES: Final = words(
    """
    river rainforest rain jungle forest basin valley beach island islands street avenue park hall field stadium county
    city lake bay university college school church museum theatre theater force variant strain wave
    airport square bridge mountain hills coast sea ocean village town tribe warriors missile missiles
    """
)
TITLES: Final = words(
    """
    mr mrs ms miss dr sir dame lord lady president premier senator sen rep governor gov prof professor judge justice
    mayor captain colonel general sergeant detective officer coach actor actress singer author pastor reverend saint st
    king queen prince princess secretary congressman congresswoman minister ambassador herr frau monsieur madame
    """
)
GIVEN_NAMES: Final = words(
    """
    aaron adam alan albert alex alexander alexandra alfred alice amanda amy andrea andrew andy angela ann anna anne
    anthony antonio arthur barbara ben benjamin bernard beth betty bill billy bob bobby brad brandon brenda brian
    bruce bryan calvin carl carlos carol caroline catherine charles charlie charlotte chris christian christina
    christine christopher cindy claire clara claude colin connie craig cynthia dan daniel danny dave david deborah
    debra dennis derek diana diane don donald donna doris dorothy doug douglas dylan ed eddie edith edward edwin
    elaine eleanor elizabeth ellen emily emma eric erik erin ernest ethan eugene eva evelyn fiona florence frances
    francis frank fred frederick gabriel gail gary gavin gene george gerald gerard gina glenn gloria gordon greg
    gregory guy hannah harold harrison harry harvey heather hector helen henry herbert holly howard hugh ian irene
    isaac isabel jack jackie jacob jacqueline jake james jamie jan jane janet janice jason jay jean jeff jeffrey
    jennifer jenny jeremy jerry jesse jessica jill jim jimmy joan joanna joe joel john johnny jon jonathan jose
    joseph josh joshua joyce juan judith judy julia julian julie justin karen karl kate katherine kathleen kathy
    katie keith kelly ken kenneth kevin kim kirk kurt kyle larry laura lauren lawrence leo leon leonard leslie lewis
    liam linda lisa lloyd logan lois lori louis louise lucas lucy luis luke lynn madison marc marcus margaret maria
    marie marilyn mario marion martha martin marvin mary mason matt matthew maurice megan melanie melissa michael
    michelle miguel mike mitchell molly monica nancy natalie nathan neil nicholas nick nicole nina noah nora norman
    oliver olivia oscar pamela patricia patrick paul paula pedro peggy penny peter phil philip phyllis rachel ralph
    ramon randy ray raymond rebecca ricardo richard rick ricky rita rob robert roberta roberto robin rodney roger
    roland ron ronald rosa ross roy russell ruth ryan sally sam samantha samuel sandra sara sarah scott sean seth
    shane sharon shaun shawn sheila shirley simon sofia sonia sophia sophie stacy stanley stella stephanie stephen
    steve steven stuart susan suzanne sylvia tara ted teresa terrence terry theresa thomas tim timothy tina todd tom
    tommy toni tony tracy travis trevor troy tyler valerie vanessa vera vernon veronica vicki victor victoria
    vincent virginia vivian wade wallace walter wanda warren wayne wendy wesley william willie yvonne zachary zoe
    abraham hans klaus jurgen wolfgang helmut gunter dieter uwe stefan andreas thorsten sabine petra ursula heike
    monika
    """
)
# Names of companies that are surnames, too, though no words
SURNAMES: Final = words(
    """
    abbott allen baxter blackstone bosch brown campbell carlyle clark cooper cummins darden deere dover eaton emerson
    fisher ford gallagher garrett hamilton harris heinz henkel hershey hess hilton hormel hunt hyatt jacobs johnson
    jones kellogg kelly kemper lear lennar lilly lowe marriott marsh mason mattel mccormick merck moody morgan murphy
    nelson nielsen nordstrom norton parker pearson penney porsche raymond reynolds roche rogers ross ryder sanderson
    schneider schwab sears siemens simon simpson skinner smith sprint stanley stryker tiffany tyson versace walgreen
    watson wells wendy whitney williams winnebago wolfe woodward wynn zimmer
    """
)
# A capital before a name that makes no compound of it: "On Monday Ford said"
BEFORE_NAMES: Final = words(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december update exclusive breaking us uk eu british german french american chinese japanese
    european swiss dutch italian indian korean australian canadian russian brazilian elec group bank motor
    """
)
# "follow us on Facebook": the platform is named, not spoken of
PLATFORMS: Final = words("facebook twitter youtube instagram linkedin yahoo google snapchat spotify")
INVITATIONS: Final = words("us me follow like join page watch find video posted live subscribe listen")
# "let me google it": what a company's name became
VERBS: Final = words("google uber zoom fedex xerox paypal slack netflix lyft")
BEFORE_VERBS: Final = words("to me you i u can just should could lets let please always still must would we they and")
AFTER_VERBS: Final = words("cool good nice rich it this that him her them your my his their")
# "polled by Thomson Reuters", "Nielsen data": where a figure comes from
DATA_COMPANIES: Final = frozenset({"TRI", "MCO", "SPGI", "NLSN", "FDS", "MSCI", "IT", "INFO", "CME"})
GATHERED: Final = words("polled surveyed compiled gathered collected according")
FIGURES: Final = words("i data estimates starmine datastream lipper smartestimate figures poll")
# Words that make an affiliate of a group's name: Siemens Energy, Samsung SDI, Tata Chemicals
AFFILIATES: Final = words(
    """
    energy power steel bank banking capital finance financial life insurance industries chemicals chemical pharma
    motors motor electronics electric electricals infrastructure infra ports green gas petroleum cement
    communications telecom securities card engineering consultancy elxsi sdi biologics electro display heavy
    consumer products foods healthcare healthineers gamesa mobility logistics construction c&t sds fire marine trust
    realty property properties estate housing naval retail jewellery elevator glovis mobis wia rotem hynix innovation
    household innotek chem uplus hbc femsa amatil beverages unilever india renewable renewables transmission wilmar
    enterprises estates jio materials fertilisers fertilizers tubes metals mining hotels leisure wind lifesciences
    auto paints agro tyres shipping aerospace defence defense mills sugar textiles
    """
)
# But these are its own
OWN_PARTS: Final = frozenset({("ge", "capital"), ("intel", "capital"), ("ford", "motor"), ("citi", "bank")})
AMOUNTS: Final = words("bln mln billion million trillion trn bn mn m thousand hundred crore lakh milliarden of in")
# Words by which a text shows that it is in another language than English
FOREIGN: Final = words(
    """
    der die das und den dem ein eine nach im von mit fur auf ist nicht el la los las de del un una en por que con su le
    les des du et une est dans sur pour aux il lo gli che di della nel dei al o os da do das em para com na no se ao
    het een van voor niet och att som av pa ja og er pa til
    """
)
ENGLISH: Final = words(
    "the a an of to in and is for on at with by from as it its be are was will has have this that my i"
)
ARTICLES: Final = words(
    "der die das den dem des ein eine einen einer el la los las un una le les l une il lo gli o os a"
)
GERMAN: Final = words("der die das und den dem ein eine nach im von mit fur auf ist nicht")
