-- A target of one scenario that is no duration
playbook {
  name = "drill-scenario-target", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  drill = {
    targets = { decide = "10m" },
    scenarios = {
      silent = { faults = { "smtp_down {host}" }, targets = { detect = "soon" } }, -- expect: header @ detect
    },
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.host)
end
