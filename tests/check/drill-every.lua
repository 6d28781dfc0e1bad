-- How often it is drilled is no duration
playbook {
  name = "drill-every", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  drill = {
    every = "monthly", -- expect: header @ every
    targets = { detect = "1m" },
    scenarios = {
      ["one-more"] = { faults = { "smtp_down {host}" } },
    },
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.host)
end
