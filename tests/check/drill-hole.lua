-- A fault about a parameter that there is none of
playbook {
  name = "drill-hole", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  drill = {
    every = "30d",
    targets = { detect = "1m" },
    scenarios = {
      ["one-more"] = { faults = { "smtp_down {hots}" } }, -- expect: header @ "smtp_down
    },
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.host)
end
