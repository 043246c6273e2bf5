"""Names that are also ordinary English words (DSH-08).

Criterion: a word is here if a note about a child is likely to have it as a plain word in small letters, and
it is also borne as a forename or surname in Britain; and every English word of up to three letters that is
spelt like a name. In people's texts such a name is hidden where it is written with a capital; "he will mark
the long summer" stays. What is not here is hidden in any case, so a word that is missing costs a word that
was no name, and never a name. Plurals need no entry of their own, unless they are a name themselves.
"""

from __future__ import annotations

SHORT_WORDS = """
all am an and any are art as ash at be but by can do don for gay get go guy had has he her hey him
his ho how if in is it jo joy key law lee let ma man may me my no not now of oh on one or our out
own pa pat per ray red rob see she shy sky so sue sun the to too two un up us van was way we who why
yes yet you
"""
DOING = """
bear bill bob bond buck bury buzz carol case chance chase cope cross curl dale dodge draw drew drop
dwell find flag flint flood foster frank grant guess harm hurt hush jack jerk jolly josh lance land
lash leach lock loft long love luck mark marry mike miles mill mock moss nick nock pace pack parry
peel perry pick pitch pope prior quick rake ramsey reach reason ride rush rust sail sale say seal
sharp shaw shed singer skip speed spring stamp stead stick stock sturdy swallow swan teller tempest
tilt toll train travis trip turn vane victor wade wake want ward ware warn watch wild will wing wink
wise wish work yell
"""
BEING = """
able bald best black blue blunt bold brave bright brown cole dark darling dear early east english
ernest fair fine french german gold golden good gray green grey handy happy hardy high idle irish
jolly just keen light little low major merry mild moody more neat new noble north old olive orange
pink plain power pretty pride prudent purple rich rusty sandy savage scarlet scott short silver
single small smart snug sober south stern still stout strange strong sweet swift tan true violet
welsh west white whole wilde wiley worth young younger
"""
WHAT_PEOPLE_HOPE_FOR = """
amity blessing bliss charity clarity comfort constance destiny dream faith favour fortune freedom
genesis glory grace harmony heaven honest honesty honor honour hope joy justice liberty mercy
miracle patience peace precious promise prudence serenity temperance treasure trinity unity verity
wisdom
"""
TIMES_AND_WEATHER = """
april august autumn christmas dawn day days december easter eve february friday frost hail holiday
january july june march may monday moon morning noel noon november october rain saturday september
snow spring star storm summer sunday sunny thursday tuesday wednesday week weeks winter winters
"""
PLANTS_STONES_ANIMALS = """
amber apple aspen basil bay bean beck bee berry birch bird bloom blossom briar bull clover colt
coral crane crystal daisy deer diamond dove drake duck emerald fern finch fish flower fox garnet
ginger ginseng hare hart hawk hazel heath heather hedge herb herring holly iris ivory ivy jade
jasmine jasper jay jewel kitty lamb lark laurel leaf lily lion lotus maple marigold martin melon
mint myrtle nettle oak olive onyx opal orchid otter pansy partridge peach peacock pearl pepper petal
pigeon pike plum pony poppy primrose quince rabbit raven reed river robin rose rosemary ruby rye
saffron sage salmon sapphire sorrel sparrow swan tansy thorn tiger topaz tree tulip turtle wheat
willow wolf wren
"""
PLACES = """
abbey bank banks barn barrow bridge bridges brook brooks bush camp castle church cliff close college
corner court croft cross dean dell down field fields ford forest garden gate gates glen green grove
hall ham harbour heath hill hills hive holm home house hurst kirk lake lakes land lane lea ley lodge
march marsh mead meadow meadows mill mills moor moore mount nash paris park parks place pond pool
port pound ridge rivers road rowan sands school shore spain stair stairs stone stones street styles
sykes temple tower town trail underwood vale valley wall walls water waters well wells wood woods
yard
"""
WORK_AND_RANK = """
abbot archer baker barber baron bishop bowler boxer brewer butcher butler carpenter carter
chamberlain chancellor chandler chaplain clark clerk collier constable cook cooper dancer deacon
dean doctor draper driver duke dyer earl falconer farmer fisher forester fowler gardener glover
gunner harper hunter ireland judge justice king kings knight lord major marshal marshall mason
master masters mayor mercer merchant miller miner monk nurse page painter palmer parker parson
parsons piper player porter potter prince princess proctor queen ranger ryder saddler sailor sawyer
sergeant servant shepherd singer skinner slater smith spencer squire steward tailor tanner taylor
thatcher tinker trader turner tyler usher vicar walker warden waterman weaver wheeler wright
"""
THINGS_AND_PEOPLE_TO_EACH_OTHER = """
ace angel arrow axe baby ball band barb barge basket bass batty beau bell bells belt bishop blade
block bolt book boot bow bowl box brand bread brick buckle bud button buttons cable cage cake cane
cannon cap card care cash chain child childs chips chuck clay cloud coal coates coffee coin cotton
count crown cup cutie dame dash dice dolly dot echo fable fairy faye feather fiddle figg fleet flute
fork friend friends gale game gem genie ghost gift glass goodness gospel grand guest gun harp hat
hood hook horn human jack jean jeans jersey jet journey jug kay king kit lace ladd lance ledger
legend lock loft lot lucky mace magic mail male mantle maple max melody mister model money muse
music myth nation needle nelly nova ocean pack page paint pan party patch paul penny phoenix pick
pin pipe pitt plank plate poet pole post pot price prize punch purse raft rail ram rank raw reader
reese rhyme ring rock rod roman root rope royal rule sadler saint salt sand santa scales seat seed
seven shade sharpe shell shield ship shirt silk sister snell song soul spice spike spirit stack
staff steel stem stephen story string suit sword tab table tale tally temple tender thread tide tiny
toy track trick true tuck twin twins van vest vine violin voice wafer wand wave wax wheel whip wick
wine wonder wool word words world
"""
COMMON_WORDS = frozenset(
    " ".join(
        (
            SHORT_WORDS,
            DOING,
            BEING,
            WHAT_PEOPLE_HOPE_FOR,
            TIMES_AND_WEATHER,
            PLANTS_STONES_ANIMALS,
            PLACES,
            WORK_AND_RANK,
            THINGS_AND_PEOPLE_TO_EACH_OTHER,
        )
    ).split()
)
