-- More than main ever does
playbook {
  name = "unneeded-change", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { 
    "zone.set_mx:{domain}", -- expect: unneeded-change @ "zone
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
