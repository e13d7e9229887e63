"""Several servers under load and faults for a while: is a call lost, doubled, or answered wrongly?"""
