# The commented sample of the configuration file. It is installed where k0slbd looks for it, but
# never over a file that is there; an edited one also survives `make uninstall'.
EXTRA_DIST += etc/k0slb.ini

installed_sample = $(DESTDIR)$(sysconfdir)/k0slb/k0slb.ini

install-data-local:
	$(AM_V_at)test -e '$(installed_sample)' || { $(MKDIR_P) '$(DESTDIR)$(sysconfdir)/k0slb' && \
		$(INSTALL_DATA) '$(top_srcdir)/etc/k0slb.ini' '$(installed_sample)'; }

uninstall-local:
	$(AM_V_at)if cmp -s '$(top_srcdir)/etc/k0slb.ini' '$(installed_sample)'; then rm -f '$(installed_sample)'; fi

# The init script, with the paths of this installation. ([@]: configure would fill in the plain word
# here, where what it stands for is another variable.)
initddir = $(sysconfdir)/init.d
initd_SCRIPTS = etc/init.d/k0slb
EXTRA_DIST += etc/init.d/k0slb.in
CLEANFILES += etc/init.d/k0slb

etc/init.d/k0slb: $(srcdir)/etc/init.d/k0slb.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc/init.d
	$(AM_V_at)sed -e 's|[@]sbindir@|$(sbindir)|g' -e 's|[@]bindir@|$(bindir)|g' \
		-e 's|[@]sysconfdir@|$(sysconfdir)|g' '$(srcdir)/etc/init.d/k0slb.in' >$@.new
	$(AM_V_at)chmod 755 $@.new
	$(AM_V_at)mv -f $@.new $@

# Completion for shells, where their packages look for it.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = etc/completion/bash/k0slbctl
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = etc/completion/zsh/_k0slbctl
