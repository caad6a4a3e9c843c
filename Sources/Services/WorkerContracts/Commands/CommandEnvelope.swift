import CanonicalJSON

/// The body of `POST /internal/shards/{shard}/commands`: a command and the ID under which it has its effect once.
public struct CommandEnvelope: Sendable {
    public var id: CommandID
    public var command: WriterCommand

    public init(id: CommandID, command: WriterCommand) {
        self.id = id
        self.command = command
    }

    public var json: JSONValue { ["id": .string(id.hexadecimal), "command": command.json] }

    public init(json: JSONValue) throws(ContractError) {
        var reader = try FieldReader(json, field: "envelope")
        id = try FieldReader.require(CommandID(hexadecimal: try reader.string("id")), "id")
        command = try WriterCommand(json: try reader.required("command"))
        try reader.finish()
    }
}
