-- A target for what nobody measures
playbook {
  name = "drill-target", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  drill = {
    every = "30d",
    targets = { detct = "1m" }, -- expect: header @ detct
    scenarios = {
      ["one-more"] = { faults = { "smtp_down {host}" } },
    },
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.host)
end
