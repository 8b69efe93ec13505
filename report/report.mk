# The page of the report: build/report/head.html and tail.html, of report/ by esbuild. What that needs comes from npm, by
# report/package-lock.json alone, into report/node_modules, and only when that list has changed.
npm_ci = cd report && npm ci $(1) --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || \
	{ echo 'npm could not get what the page of the report is built with. `make REPORT_HTML=` builds without it.' >&2; exit 1; }

build/report/head.html build/report/tail.html build/report/THIRD_PARTY.txt &: build/report/packages report/build.mjs \
		$(wildcard report/src/*.ts* report/src/*/*)
	$(call say,bundle)
	$(Q)node report/build.mjs build/report

# What building takes. Tests need more of the list; when that is there, so is this.
build/report/packages: report/package-lock.json
	@mkdir -p $(@D)
	$(call say,npm)
	$(Q)$(call npm_ci,--omit=dev)
	@touch $@
build/report/packages-for-tests: report/package-lock.json | build/report/packages
	$(call say,npm)
	$(Q)$(call npm_ci)
	@touch $@

# What tests/run report runs.
.PHONY: report-tests
report-tests: build/report/head.html build/report/packages-for-tests
