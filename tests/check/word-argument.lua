-- A number as a heading
playbook {
  name = "word-argument", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step(5) -- expect: bad-argument @ 5
  finish("done", p.domain)
end
