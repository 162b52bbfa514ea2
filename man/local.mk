# The manual pages, in mdoc(7). The sources speak of /etc and /run, so that they can be read where
# they stand; what is installed speaks of this installation's directories.
man_sources = man/k0slb.ini.5 man/k0slbctl.8 man/k0slbd.8
EXTRA_DIST += $(man_sources)

man_MANS = man/installed/k0slb.ini.5 man/installed/k0slbctl.8 man/installed/k0slbd.8
CLEANFILES += $(man_MANS)

$(man_MANS): $(man_sources) Makefile
	$(AM_V_GEN)$(MKDIR_P) man/installed
	$(AM_V_at)sed -e 's|/etc/k0slb|$(sysconfdir)/k0slb|g' \
		-e 's|/etc/init[.]d/|$(sysconfdir)/init.d/|g' \
		-e 's|/etc/default/|$(sysconfdir)/default/|g' -e 's|/run/|$(runstatedir)/|g' \
		'$(srcdir)/man/$(@F)' >$@.new
	$(AM_V_at)mv -f $@.new $@
