"""Company names hidden from the model:
what is left of a signal when it cannot know whom a text is about (an A/B run).
"""

from __future__ import annotations

from services.model.interface import Request, Span


def anonymise(request: Request) -> Request:
    """The same request with every mention replaced by Company A, Company B, … and the spans moved along."""
    mentions = sorted((span, index) for index, spans in enumerate(request.companies) for span in spans)
    pieces: list[str] = []
    moved: list[list[Span]] = [[] for _ in request.companies]
    done = length = 0
    for (start, end), index in mentions:
        if start < done:
            continue  # overlaps one that is replaced already
        name = f"Company {chr(ord('A') + index % 26)}"
        pieces += (request.text[done:start], name)
        begin = length + start - done
        length = begin + len(name)
        moved[index].append((begin, length))
        done = end
    pieces.append(request.text[done:])
    return Request("".join(pieces), tuple(tuple(spans) for spans in moved), request.language)
