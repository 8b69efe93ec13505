# The page of the report: build/report/head.html and tail.html, of report/ by esbuild. What it needs comes from npm, by
# report/package-lock.json alone, into report/node_modules, and only when that list has changed.
PAGE := build/report/head.html
PAGE_SOURCES := report/build.mjs $(wildcard report/src/*.ts* report/src/*/*)

# Everything that report/package.json lists, for tests as well.
build/report/installed-for-tests: report/package-lock.json
	@mkdir -p $(@D)
	$(call say,npm)
	$(Q)cd report && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch build/report/installed $@
# What building takes.
build/report/installed: report/package-lock.json
	@mkdir -p $(@D)
	$(call say,npm)
	$(Q)cd report && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

$(PAGE): $(PAGE_SOURCES) build/report/installed
	@mkdir -p $(@D)
	$(call say,bundle)
	$(Q)node report/build.mjs $(@D)
build/report/tail.html build/report/THIRD_PARTY.txt: $(PAGE)
