-- Any domain where one is meant
playbook {
  name = "unneeded-target", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { 
    "zone.set",
    "zone.set_mx", -- expect: unneeded-change @ "zone
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function move(d) -- what a function is given is not followed
  zone.set(d, d, "MX", { "10 mx.example.net" })
end
function main(p)
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  move(p.domain)
  pcall(zone.set_mx, p.domain, { { preference = 20, host = "mx.example.net" } })
  finish("done")
end
