-- An act that may_change does not name
playbook {
  name = "not-allowed", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } }) -- expect: not-allowed @ zone
  finish("done")
end
