"""What every part and every change is given: the cluster, the protocol of a change, and results."""
