import CanonicalJSON
import Identifiers

/// A request body's members by type: a member of another type is `M_BAD_JSON`, a required one that is not there
/// `M_MISSING_PARAM`.
///
/// `null` counts as absent.
package struct BodyFields {
    package let object: JSONObject

    package init(_ object: JSONObject) { self.object = object }

    private func member(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    package func has(_ key: String) -> Bool { member(key) != nil }

    package func string(_ key: String) throws -> String? {
        guard let value = member(key) else { return nil }
        guard let string = value.stringValue else { throw MatrixError.badJSON("'\(key)' must be a string.") }
        return string
    }

    package func requiredString(_ key: String) throws -> String {
        guard let string = try string(key) else { throw MatrixError.missingParam("'\(key)' is missing.") }
        return string
    }

    package func bool(_ key: String) throws -> Bool? {
        guard let value = member(key) else { return nil }
        guard let bool = value.boolValue else { throw MatrixError.badJSON("'\(key)' must be true or false.") }
        return bool
    }

    package func int(_ key: String) throws -> Int64? {
        guard let value = member(key) else { return nil }
        guard let int = value.intValue else { throw MatrixError.badJSON("'\(key)' must be an integer.") }
        return int
    }

    package func object(_ key: String) throws -> JSONObject? {
        guard let value = member(key) else { return nil }
        guard let object = value.objectValue else { throw MatrixError.badJSON("'\(key)' must be an object.") }
        return object
    }

    package func array(_ key: String) throws -> [JSONValue]? {
        guard let value = member(key) else { return nil }
        guard let array = value.arrayValue else { throw MatrixError.badJSON("'\(key)' must be an array.") }
        return array
    }

    /// A member that is an identifier: of the wrong JSON type `M_BAD_JSON`, of the wrong form `M_INVALID_PARAM`.
    package func identifier<Value: Identifier>(_ key: String, as type: Value.Type) throws -> Value? {
        guard let text = try string(key) else { return nil }
        guard let value = Value(text) else { throw MatrixError.invalidParam("'\(key)' is not a valid \(type).") }
        return value
    }

    package func requiredIdentifier<Value: Identifier>(_ key: String, as type: Value.Type) throws -> Value {
        guard let value = try identifier(key, as: type) else { throw MatrixError.missingParam("'\(key)' is missing.") }
        return value
    }

    /// A list of identifiers, each once, in the order given; `nil` when it is absent.
    package func identifiers<Value: Identifier>(_ key: String, as type: Value.Type) throws -> [Value]? {
        guard let array = try array(key) else { return nil }
        var seen: Set<Value> = []
        var values: [Value] = []
        for element in array {
            guard let text = element.stringValue else {
                throw MatrixError.badJSON("'\(key)' must be an array of strings.")
            }
            guard let value = Value(text) else {
                throw MatrixError.invalidParam("'\(key)' has something that is not a valid \(type).")
            }
            if seen.insert(value).inserted { values.append(value) }
        }
        return values
    }
}
