"""Ray: replicas of the service on the nodes of a cluster, around the same plain ASGI application; and evaluations on its nodes."""
