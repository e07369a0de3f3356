import re
from collections import Counter
from difflib import get_close_matches

from odoo.tools import remove_accents

from ... import const

#: Words of a name, without what separates them.
WORDS = re.compile(r"\w+")


def fold(name):
    """Return the words of a name, whatever their order, case and accents."""
    return " ".join(sorted(WORDS.findall(remove_accents(name).casefold())))


def get_trigrams(folded):
    """Return the groups of three letters in the words of a name."""
    return {
        word[place : place + 3]
        for word in (f"  {word} " for word in folded.split())
        for place in range(len(word) - 2)
    }


class SimilarNames:
    """Find names that are nearly what somebody wrote.

    Names that share rare groups of three letters with a text are compared with it,
    not all of them: the time depends on the number of names and on that of texts, not
    on the product of both.

    :param names: ``[(key, name)]``
    """

    def __init__(self, names):
        self.names = [(key, fold(name)) for key, name in names]

    def find(self, texts):
        """Return the keys of the names that each text nearly says, the best first.

        :return: for each text a list of keys, ``const.SIMILAR_LISTED`` at most
        """
        folded = list(map(fold, texts))
        sought = list(map(get_trigrams, folded))
        counts = self._count(set().union(*sought))
        places = {}  # {trigram: positions of the texts that it says something about}
        for place, trigrams in enumerate(sought):
            for trigram in self._choose(trigrams, counts):
                places.setdefault(trigram, []).append(place)
        shared = [Counter() for _text in texts]  # For each text {name: shared trigrams}
        keys = {}  # {name: keys}
        for key, name in self.names:
            hits = Counter(
                place
                for trigram in get_trigrams(name)
                for place in places.get(trigram, ())
            )
            if hits:
                keys.setdefault(name, []).append(key)
            for place, count in hits.items():
                shared[place][name] = count
        return [
            self._compare(text, candidates, keys)
            for text, candidates in zip(folded, shared, strict=True)
        ]

    def _count(self, trigrams):
        """Return in how many names each of these trigrams occurs."""
        counts = Counter()
        for _key, name in self.names:
            counts.update(get_trigrams(name) & trigrams)
        return counts

    @staticmethod
    def _choose(trigrams, counts):
        """Return the rarest trigrams of a text that occur in names."""
        known = sorted(
            (counts[trigram], trigram) for trigram in trigrams if counts[trigram]
        )
        chosen = [
            trigram for count, trigram in known if count <= const.SIMILAR_COMPARED
        ]
        return chosen or [trigram for _count, trigram in known[:1]]

    @staticmethod
    def _compare(text, candidates, keys):
        """Return the keys of the candidates that are close to a text."""
        names = [name for name, _count in candidates.most_common(const.SIMILAR_TRIED)]
        close = get_close_matches(
            text, names, n=const.SIMILAR_LISTED, cutoff=const.SIMILAR
        )
        found = [key for name in close for key in keys[name]]
        return found[: const.SIMILAR_LISTED]
