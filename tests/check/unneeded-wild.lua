-- A whole space for one act
playbook {
  name = "unneeded-wild", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { 
    "zone.*", -- expect: unneeded-change @ "zone
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  finish("done")
end
