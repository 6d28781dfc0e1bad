-- A hole of a fault that needs a parameter which there is not
playbook {
  name = "drill-path", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  drill = { every = "30d", scenarios = {
    good = { faults = { "smtp_down {domains[domain].primary}", "smtp_down {domains[example.com].primary}" } },
    ["z-bad"] = { faults = { "smtp_down {domains[zone].primary}" } }, -- expect: header @ "smtp_down
  } },
  exclusive = "x",
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
