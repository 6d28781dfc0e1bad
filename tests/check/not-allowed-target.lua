-- An act on another domain than may_change names
playbook {
  name = "not-allowed-target", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:example.com" }, -- expect: unneeded-change @ "zone
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  zone.set_mx("example.org", { { preference = 10, host = "mx.example.net" } }) -- expect: not-allowed @ zone
  finish("done", p.domain)
end
