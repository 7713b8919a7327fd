"""The accounts that every sandbox of the integration tests has: name and password.

admin is made a member of bits-admin by conftest.py. The passwords are odd on purpose: a test looks for
them where they must not be.
"""

PASSWORDS = {
    "alice": "alice-7pwFq1",
    "bob": "bob-9Zt4xQ",
    "carol": "carol-3mVb8r",
    "mal": "mal-6KdWy2",
    "admin": "admin-5Ns0cH",
}
