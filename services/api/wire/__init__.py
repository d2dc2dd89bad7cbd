"""How questions and answers look: parameters, rows, formats, schemas, problems; not what is answered (routes)."""
