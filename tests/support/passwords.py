"""Hashes of passwords as nginx reads them."""

SHA512 = "$6$edge$H9ZNNQ7.5Itgoj.1AVGXv1hMeNkNqd1DwioL.Ob6IolN5b/rG/QIwLewQBxiNznFbrnGFCpe6htYRdkT.spkk."
"""Of "correct": `openssl passwd -6 -salt edge correct`."""

BCRYPT = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
"""Of "U*U", a published test vector."""
