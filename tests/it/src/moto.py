"""Moto as a server, whose KMS signs a digest as it is: moto itself hashes it once more."""

import sys

from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.utils import ECDSAPrivateKey
from moto.server import main

hashed = ECDSAPrivateKey.sign
algorithm_of = ECDSAPrivateKey._ECDSAPrivateKey__hash_algorithm


def sign(key, message, signing_algorithm):
    algorithm = algorithm_of(key, signing_algorithm)
    if len(message) != algorithm.digest_size:
        return hashed(key, message, signing_algorithm)
    return key.private_key.sign(message, ec.ECDSA(utils.Prehashed(algorithm)))


ECDSAPrivateKey.sign = sign
main(sys.argv[1:])
