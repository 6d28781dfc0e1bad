-- A target that names no param
playbook {
  name = "may-change-hole", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { 
    "zone.set_mx:{zone}", -- expect: bad-may-change @ "zone
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
