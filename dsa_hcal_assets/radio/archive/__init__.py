"""Measurement Sets made elsewhere: the way of an archive into the graph, behind the conversion.

Belongs here: finding sets and telling the whole from the half-copied (`catalogue`, `stillness`), what a
set says about itself (`facts`), references to sets that stay in their archive (`reference`,
`announce`), one look at the incoming directory (`scan`), and the copy that becomes a product
(`takeover`). `job` is what worker processes run of it. Not here: measuring a Measurement Set for its
gate; that is ``conversion``'s, whoever wrote it.
"""
