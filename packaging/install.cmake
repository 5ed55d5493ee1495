# Files of `cmake --install`, in two components, one for each package: `exporter` has the program and its documents, `data`
# has the files for the machines of Prometheus, Alertmanager and Grafana.
include(GNUInstallDirs)

set(data "${CMAKE_INSTALL_DATADIR}/scidex-pg-exporter")
set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc/scidex-pg-exporter")

install(TARGETS scidex_pg_exporter RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT exporter)
install(FILES config/exporter.yaml config/exporter.minimal.yaml DESTINATION "${doc}/examples" COMPONENT exporter)
install(FILES LICENSE README.md CHANGELOG.md SECURITY.md DESTINATION "${doc}" COMPONENT exporter)
install(DIRECTORY docs DESTINATION "${doc}" COMPONENT exporter FILES_MATCHING
  PATTERN "*.md" PATTERN "*.svg" PATTERN status-page.png PATTERN dashboards EXCLUDE)

install(DIRECTORY alerts DESTINATION "${data}" COMPONENT data PATTERN set-links EXCLUDE)
install(PROGRAMS alerts/set-links DESTINATION "${data}/alerts" COMPONENT data)
install(DIRECTORY dashboards/json dashboards/provisioning DESTINATION "${data}/dashboards" COMPONENT data)
