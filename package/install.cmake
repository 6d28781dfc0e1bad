# SPDX-License-Identifier: MIT
# What an installation has, and where: cmake --install build/release --prefix DIR. The prelude is inside the program.
# MUSTER_SYSTEM: also what a machine needs beside it (units, account, folders, the team's muster.lua).
option(MUSTER_SYSTEM "Install units, sysusers.d, tmpfiles.d and the team's muster.lua" OFF)
set(MUSTER_ZSH_DIR "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" CACHE STRING "Where zsh looks for completions")
set(MUSTER_SYSTEMD_DIR "lib" CACHE STRING "Where systemd/, sysusers.d/ and tmpfiles.d/ are")

if(MUSTER_SANITIZE OR NOT TARGET muster)
  return()
endif()

install(TARGETS muster RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY playbooks DESTINATION ${CMAKE_INSTALL_DATADIR}/muster)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/muster/library DESTINATION ${CMAKE_INSTALL_DATADIR}/muster)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${CMAKE_BINARY_DIR}/share/bash-completion/completions/muster
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_BINARY_DIR}/share/zsh/site-functions/_muster DESTINATION ${MUSTER_ZSH_DIR})
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
# For modules of third parties (modules = { "my.so" }): cc -shared -fPIC -I/usr/include/muster my.c
foreach(header base/attr.h base/buf.h base/err.h base/excerpt.h base/json.h base/log.h io/dns.h io/http.h io/loop.h io/op.h
               io/process.h io/smtp.h module/facts.def module/facts.h module/module.h)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES runtime/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster/${folder})
endforeach()

if(MUSTER_SYSTEM)
  configure_file(package/systemd/muster.service.in ${CMAKE_BINARY_DIR}/system/muster.service @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/system/muster.service DESTINATION ${MUSTER_SYSTEMD_DIR}/systemd/system)
  install(FILES package/systemd/muster.sysusers DESTINATION ${MUSTER_SYSTEMD_DIR}/sysusers.d RENAME muster.conf)
  install(FILES package/systemd/muster.tmpfiles DESTINATION ${MUSTER_SYSTEMD_DIR}/tmpfiles.d RENAME muster.conf)
  install(FILES package/etc/muster.lua DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/muster)
  include(${CMAKE_CURRENT_LIST_DIR}/deb.cmake)
endif()
