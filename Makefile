# Each target sets up what it needs, in the folder .dev, and nothing else on the machine.
#
#   make run     serve the demo database (PORT=8069 DB=credits BIND=127.0.0.1)
#   make test    run all tests           (ARGS="-k wizard": options for pytest)
#   make matrix  try the addon beside Odoo's others and in each country (ARGS="-k l10n_de")
#   make shell   Odoo's shell on the demo database; reads a script from standard input
#   make prove   prove the ledger        (DB=name: of any database that has the addon)
#   make pictures  renew the pictures of the guides (ARGS="credit billing": some)
#   make readme  write README.rst and index.html of each addon of its folder readme
#   make lint    check and format all files
#   make bench   measure
#   make clean   remove all that was set up, the demo database with it
#
# ODOO_SRC=folder takes an Odoo 19 that is there already, PGHOST and the other PG*
# variables a PostgreSQL server, PYTHON=python3.12 another Python.

# The system's own Python is built with profiles, and a fifth faster than one that a
# version manager has compiled; it comes first where it can make an environment.
CHOOSE = import sys, importlib.util as util; sys.exit(not ( \
	(3, 10) <= sys.version_info[:2] <= (3, 13) \
	and ("/" not in sys.argv[1] or util.find_spec("ensurepip"))))
PYTHON ?= $(shell for name in /usr/bin/python3 python3 python3.13 python3.12 python3.11 \
	python3.10; do "$$name" -c '$(CHOOSE)' "$$name" 2>/dev/null \
	&& echo "$$name" && exit; done; echo python3)

.PHONY: run test matrix bench lint shell prove pictures readme pot wheel clean

run test matrix bench lint shell prove pictures readme pot wheel clean:
	@$(PYTHON) scripts/dev.py $@
