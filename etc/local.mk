# The commented sample of the configuration file. It is installed where k0slbd looks for it, but
# never over a file that is there; an edited one also survives `make uninstall'.
EXTRA_DIST += etc/k0slb.ini

installed_sample = $(DESTDIR)$(sysconfdir)/k0slb/k0slb.ini

install-data-local:
	$(AM_V_at)test -e '$(installed_sample)' || { $(MKDIR_P) '$(DESTDIR)$(sysconfdir)/k0slb' && \
		$(INSTALL_DATA) '$(top_srcdir)/etc/k0slb.ini' '$(installed_sample)'; }

uninstall-local:
	$(AM_V_at)if cmp -s '$(top_srcdir)/etc/k0slb.ini' '$(installed_sample)'; then rm -f '$(installed_sample)'; fi
