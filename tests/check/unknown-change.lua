-- A misspelt verb in may_change
playbook {
  name = "unknown-change", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { 
    "zone.setmx", -- expect: unknown-change @ "zone
    "zone.mx", -- expect: unknown-change @ "zone
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
