# SPDX-License-Identifier: MIT
#
# check_schema: SCHEMA FILE...: tells of each line of JSON in the files that is not as the schema says, and
# how many lines there were.
import json
import sys

import jsonschema

with open(sys.argv[1]) as file:
    schema = json.load(file)
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema)
lines = 0
for name in sys.argv[2:]:
    for line in open(name, encoding="utf-8"):
        lines += 1
        for error in validator.iter_errors(json.loads(line)):
            where = "/".join(str(part) for part in error.absolute_path)
            print("line %d: %s: %s" % (lines, where, error.message))
print(kind.__name__, lines, "lines")
