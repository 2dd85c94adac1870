import ArgumentParser
import SQLEngine
import Toolkit
import Worker

@main
struct Main: ParsableCommand {
  static func main() { Tool.main(Self.self) }
}
