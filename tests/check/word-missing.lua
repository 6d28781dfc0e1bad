-- within without its function
playbook {
  name = "word-missing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  within("5s") -- expect: missing-argument @ within
  finish("done", p.domain)
end
