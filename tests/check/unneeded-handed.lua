-- What only looks is handed on, and zone is called by its verbs' names: nothing needs the others
playbook {
  name = "unneeded-handed", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {
    "zone.set_mx:{domain}",
    "zone.set", -- expect: unneeded-change @ "zone
    "http.post", -- expect: unneeded-change @ "http
  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local names = zone
local function look(host, domain) return host.mx(domain) end
function main(p)
  step(look(dns, p.domain).why)
  names.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  ;(zone).set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  finish("done")
end
