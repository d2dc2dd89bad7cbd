"""The companies that one is related to, and what is said of them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.api.door import door_of
from services.api.wire.answers import one
from services.api.wire.parameters import WITH_FORMAT, ChannelChoice, Chosen, WindowChoice
from services.api.wire.problems import Problem
from services.api.wire.schemas import PeersAnswer, answers
from shared.clock import SECOND, to_iso
from shared.reading.peers.peers import peer_row, peers_of
from shared.reading.peers.relations import relations_of
from shared.universe.relations.own_relations import RelationError

router = APIRouter(tags=["companies"], dependencies=WITH_FORMAT)


@router.get("/v1/companies/{id}/peers", responses=answers(PeersAnswer))
def peers(
    request: Request, id: str, window: WindowChoice = WindowChoice.h24, channel: Chosen = ChannelChoice.all
) -> Response:
    """Parents, subsidiaries, companies of one industry and size, and one's own relations, the strongest first, with
    what is said of each in the window and in the one before. `level` is the mean over all, each by its weight."""
    door = door_of(request)
    company, run = door.company(id), door.run()
    try:
        relations = relations_of(door.settings)
    except RelationError as error:
        raise Problem(
            503, str(error), "correct the file; bellwether relations check FILE names what is wrong"
        ) from None
    found = peers_of(run, relations, company, window.window, channel.channels, door.clock.now())
    rows = [peer_row(each, door.catalogue.get(each.relation.other).name) for each in found.peers]
    row = {
        "company": company,
        "from": to_iso(found.span.start * SECOND),
        "to": to_iso(found.span.end * SECOND),
        "level": found.level,
        "level_before": found.before,
        "relations": relations.digest or None,
        "peers": rows,
    }
    return one(request, row, door.about(run))
