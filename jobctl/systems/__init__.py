"""What each job system does differently: one package a system."""
