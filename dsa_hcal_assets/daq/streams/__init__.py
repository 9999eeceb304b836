"""Where messages wait between `send` and the last acknowledgement: one stream a producer.

Belongs here: keeping messages of one producer in order for its readers, in shared memory or on disk,
through the death of any process. Not here: sockets, jobs, stores.
"""
