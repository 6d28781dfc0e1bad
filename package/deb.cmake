# SPDX-License-Identifier: MIT
# The Debian package, by CPack, dpkg-shlibdeps and dpkg-deb: package/build makes it.
set(deb ${CMAKE_BINARY_DIR}/debian)
execute_process(COMMAND git log -1 --format=%cD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE MUSTER_DATE
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT MUSTER_DATE)
  string(TIMESTAMP MUSTER_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
endif()
set(CPACK_PACKAGE_CONTACT "The muster authors <maintainers@muster.invalid>")
configure_file(package/debian/changelog.in ${deb}/changelog @ONLY)
# Debian wants them compressed, and without a time inside.
install(CODE "
  set(root \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  file(GLOB_RECURSE pages \"\${root}/${CMAKE_INSTALL_MANDIR}/*.[157]\")
  file(COPY \"${deb}/changelog\" DESTINATION \"\${root}/${CMAKE_INSTALL_DOCDIR}\")
  file(REMOVE \"\${root}/${CMAKE_INSTALL_DOCDIR}/CHANGELOG.md.gz\")
  execute_process(COMMAND gzip -9nf \${pages} \"\${root}/${CMAKE_INSTALL_DOCDIR}/changelog\"
                          \"\${root}/${CMAKE_INSTALL_DOCDIR}/CHANGELOG.md\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES package/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME muster)
set(CPACK_PACKAGE_VERSION ${MUSTER_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "incident playbooks for domain e-mail")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Notices that mail of a domain has stopped, checks the standby, asks a
person, moves the MX through the DNS host's API, proves that mail flows,
tells people over channels that still work, and keeps the log for the
post-mortem. Playbooks are versioned Lua; a run survives being killed
half-way and does nothing twice.

A supervisor watches domains, fires drills, and is asked by a team over a
socket.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libcurl4 to libmicrohttpd12: dpkg-shlibdeps does not see what runtime/base/late.h loads
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4 (>= 7.88), libarchive13, libmicrohttpd12, tzdata, systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "git, openssh-client")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${deb}/conffiles "/etc/muster/muster.lua\n")
foreach(script postinst prerm postrm)
  configure_file(package/debian/${script} ${deb}/${script} COPYONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deb}/${script})
endforeach()
list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deb}/conffiles)
include(CPack)
