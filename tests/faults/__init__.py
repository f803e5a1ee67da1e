"""Small faults of the library, a file for each room; tests/mutation.py applies them.

TESTS: file to the tests that are to notice its faults. FAULTS: file to its faults, each a text that
occurs once in the file and what it is replaced by; and, if no test can notice it, the reason.
"""
